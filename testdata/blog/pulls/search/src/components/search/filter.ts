const form = document.querySelector<HTMLFormElement>('form.search');
const items = document.querySelectorAll<HTMLLIElement>('ul.posts > li');

/** Shows the posts whose title has the text and whose tags have the tag. */
function filter(text: string, tag: string): void {
  for (const item of items) {
    const tags = (item.dataset.tags ?? '').split(' ');
    const title = (item.textContent ?? '').toLowerCase();
    item.hidden = !title.includes(text.toLowerCase()) || (tag !== '' && !tags.includes(tag));
  }
}

form?.addEventListener('input', () => {
  const data = new FormData(form);
  filter(String(data.get('q') ?? ''), String(data.get('tag') ?? ''));
});
