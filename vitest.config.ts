import { defineConfig } from 'vitest/config';

const shared = {
  expect: { requireAssertions: true },
  restoreMocks: true,
  unstubEnvs: true,
} as const;

export default defineConfig({
  test: {
    // Most of the time of the slow ones is waiting.
    maxWorkers: 2,
    reporters: ['default', './test/support/skipped-reporter.ts'],
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
