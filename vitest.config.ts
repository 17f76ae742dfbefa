import { defineConfig } from "vitest/config"

/** Two workers, since the tests bring real servers, FFmpeg and browsers with them and must run well on two cores. */
export default defineConfig({
  test: {
    environment: "node",
    pool: "forks",
    maxWorkers: 2,
    include: ["{proto,runtime,actors,edge,web,deploy,e2e,bench}/**/*.test.ts"],
    globalSetup: ["deploy/local/testing/globalSetup.ts"],
    setupFiles: ["deploy/local/testing/timeouts.ts", "deploy/local/testing/properties.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000
  }
})
