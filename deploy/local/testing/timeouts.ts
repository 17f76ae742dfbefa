import { expect, vi } from "vitest"

/** Tests of the whole system stream media at its own speed and need longer than others. */
const wholeSystem_ms = 120_000

if (expect.getState().testPath?.includes("/e2e/") === true) {
  vi.setConfig({ testTimeout: wholeSystem_ms, hookTimeout: wholeSystem_ms })
}
