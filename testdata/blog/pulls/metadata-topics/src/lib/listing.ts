import { getCollection, type CollectionEntry } from 'astro:content';

export type Post = CollectionEntry<'blog'>;

/** Every post, the newest first. */
export async function listPosts(): Promise<Post[]> {
  const posts = await getCollection('blog');
  return posts.sort((a, b) => b.data.date.getTime() - a.data.date.getTime());
}

/** The topics in use, in alphabetical order. */
export function topicsOf(posts: Post[]): string[] {
  return [...new Set(posts.flatMap((post) => post.data.topics))].sort();
}

/** The posts that carry a topic. */
export function withTopic(posts: Post[], topic: string): Post[] {
  return posts.filter((post) => post.data.topics.includes(topic));
}
