package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// SQLite parses and plans a statement in longer than most of ours run, and
// database/sql has it do so for every call. A connection therefore keeps the
// statements it prepared. SQLite itself prepares one again when the schema has
// changed under it.
const (
	keptStatements = 256     // per connection; the longest unused goes first
	keptText       = 8 << 10 // bytes of SQL; longer ones are inserts of many rows, whose text seldom comes twice
)

// openKeeping opens a SQLite database whose connections keep their statements.
func openKeeping(dsn string) (*sql.DB, error) {
	plain, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	c := keeping{driver: plain.Driver(), dsn: dsn}
	return sql.OpenDB(c), plain.Close() // plain never connected
}

// keeping makes connections that keep their statements.
type keeping struct {
	driver driver.Driver
	dsn    string
}

// Driver returns SQLite's driver.
func (k keeping) Driver() driver.Driver { return k.driver }

// Connect opens one more connection.
func (k keeping) Connect(context.Context) (driver.Conn, error) {
	opened, err := k.driver.Open(k.dsn)
	if err != nil {
		return nil, err
	}
	c, ok := opened.(sqliteConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("SQLite's driver gave a %T, which cannot do what a connection must", opened), opened.Close())
	}
	return &keepingConn{sqliteConn: c, kept: map[string]*keptStatement{}}, nil
}

// sqliteConn is what a connection of SQLite's driver can do besides running statements.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// preparedStatement is what SQLite's driver prepares.
type preparedStatement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// keptStatement is one that nobody uses at the moment.
type keptStatement struct {
	preparedStatement
	used uint64
}

// keepingConn is one connection. Like every connection of database/sql it is
// used by one goroutine at a time.
type keepingConn struct {
	sqliteConn
	kept map[string]*keptStatement // by their text
	uses uint64
}

// take hands out a statement, which is nobody else's until it is given back:
// the same text run inside its own result is prepared a second time.
func (c *keepingConn) take(ctx context.Context, text string) (preparedStatement, error) {
	if s := c.kept[text]; s != nil {
		delete(c.kept, text)
		return s.preparedStatement, nil
	}
	prepared, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s, ok := prepared.(preparedStatement)
	if !ok {
		return nil, errors.Join(fmt.Errorf("SQLite's driver prepared a %T, which takes no context", prepared), prepared.Close())
	}
	return s, nil
}

// give keeps a statement that was reset, or closes it.
func (c *keepingConn) give(text string, s preparedStatement) error {
	if len(text) > keptText || c.kept[text] != nil {
		return s.Close()
	}
	var err error
	if len(c.kept) >= keptStatements {
		err = c.forgetOldest()
	}
	c.uses++
	c.kept[text] = &keptStatement{preparedStatement: s, used: c.uses}
	return err
}

func (c *keepingConn) forgetOldest() error {
	var oldest string
	for text, s := range c.kept {
		if first := c.kept[oldest]; first == nil || s.used < first.used {
			oldest = text
		}
	}
	s := c.kept[oldest]
	delete(c.kept, oldest)
	return s.Close()
}

// ExecContext runs a statement that returns no rows. One that failed is not kept.
func (c *keepingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.take(ctx, text)
	if err != nil {
		return nil, err
	}
	result, err := s.ExecContext(ctx, args)
	if err != nil {
		_ = s.Close() // it says again what went wrong
		return nil, err
	}
	return result, c.give(text, s)
}

// QueryContext runs a statement, which is kept when its rows are closed. One
// that failed is not kept.
func (c *keepingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.take(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		_ = s.Close() // it says again what went wrong
		return nil, err
	}
	return &keptRows{Rows: rows, of: c, text: text, statement: s}, nil
}

// Close closes the statements first: SQLite keeps a file open while one of its
// statements is.
func (c *keepingConn) Close() error {
	var errs []error
	for _, s := range c.kept {
		errs = append(errs, s.Close())
	}
	clear(c.kept)
	return errors.Join(append(errs, c.sqliteConn.Close())...)
}

// keptRows is the result of a statement that goes back when it is closed.
type keptRows struct {
	driver.Rows
	of        *keepingConn
	text      string
	statement preparedStatement
	closed    bool
}

// Close resets the statement, which lets go of its locks, and gives it back.
// Resetting one that failed halfway says so again.
func (r *keptRows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	err := r.Rows.Close()
	if err != nil {
		_ = r.statement.Close() // it says again what went wrong
		return err
	}
	return r.of.give(r.text, r.statement)
}
