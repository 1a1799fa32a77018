const form = document.querySelector<HTMLFormElement>('form.search');
const items = document.querySelectorAll<HTMLLIElement>('ul.posts > li');

/** Shows the posts whose title has the text and which are found by the choice. */
function filter(text: string, choice: string): void {
  for (const item of items) {
    const foundBy = (item.dataset.filter ?? '').split(' ');
    const title = (item.textContent ?? '').toLowerCase();
    item.hidden = !title.includes(text.toLowerCase()) || (choice !== '' && !foundBy.includes(choice));
  }
}

form?.addEventListener('input', () => {
  const data = new FormData(form);
  filter(String(data.get('q') ?? ''), String(data.get('choice') ?? ''));
});
