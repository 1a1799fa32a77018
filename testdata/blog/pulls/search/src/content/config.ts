import { defineCollection, z } from 'astro:content';

export const TAGS = ['agents', 'astro', 'html', 'ownership', 'queues', 'reviews', 'search', 'writing'];

const blog = defineCollection({
  type: 'content',
  schema: z.object({
    title: z.string(),
    date: z.coerce.date(),
    tags: z.array(z.string()),
  }),
});

export const collections = { blog };
