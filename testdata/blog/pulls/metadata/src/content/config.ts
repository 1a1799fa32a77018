import { defineCollection, z } from 'astro:content';

/** Every tag a post may carry. Pages that filter build their options from it. */
export const TAGS = ['agents', 'astro', 'html', 'ownership', 'queues', 'reviews', 'search', 'writing'] as const;

export type Tag = (typeof TAGS)[number];

const blog = defineCollection({
  type: 'content',
  schema: z.object({
    title: z.string(),
    date: z.coerce.date(),
    tags: z.array(z.enum(TAGS)).min(1),
    summary: z.string().optional(),
  }),
});

export const collections = { blog };
