package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/ownership"
)

const schemaLong = `Prints the JSON Schema of the contract. Editors complete and check .agentplane.yml by it when the file starts with

  # yaml-language-server: $schema=.agentplane.schema.json

A contract that fits the schema can still be refused: agentplane lint knows more than a schema can say. With --report it
is the schema of what agentplane check --format json prints.

Exit status: 0.`

func newSchema() *cobra.Command {
	var ofReport bool
	c := &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of the contract",
		Long:    schemaLong,
		Example: "  agentplane schema > .agentplane.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			text := ownership.Schema()
			if ofReport {
				text = checks.ReportSchema()
			}
			if _, err := c.OutOrStdout().Write(text); err != nil {
				return fmt.Errorf("write the schema: %w", err)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&ofReport, "report", false, "the schema of a report instead")
	return c
}
