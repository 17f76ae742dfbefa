import { expect, it } from 'vitest'
import { FramePool } from './FramePool.ts'
import { FRAME_HEADROOM_BYTES, POOLED_FRAME_BYTES_MAX } from './limits.ts'

const frameOf = (bytes: number): ArrayBuffer => new Uint8Array(bytes).fill(7).buffer

it('copies a frame behind headroom, and uses its buffer again once it is given back', () => {
  const pool = new FramePool(1_000_000)
  const first = pool.copy(frameOf(300_000))
  expect(first).toEqual(new Uint8Array(300_000).fill(7))
  expect([pool.headroom(first), first.byteOffset]).toEqual([FRAME_HEADROOM_BYTES, FRAME_HEADROOM_BYTES])
  const second = pool.copy(frameOf(300_000))
  expect(second.buffer).not.toBe(first.buffer)
  pool.giveBack(first)
  const third = pool.copy(frameOf(290_000))
  expect([third.buffer === first.buffer, third.length, pool.freeBytes]).toEqual([true, 290_000, 0])
})

it('never gives a buffer out that was not given back', () => {
  const pool = new FramePool(1_000_000_000)
  const held = new Set(Array.from({ length: 50 }, () => pool.copy(frameOf(5_000)).buffer))
  expect(held.size).toBe(50)
})

it('holds a frame of any size, also an empty one', () => {
  const pool = new FramePool(1_000_000)
  for (const bytes of [0, 1, 3_584, 3_585, 65_536 - FRAME_HEADROOM_BYTES, 65_536, POOLED_FRAME_BYTES_MAX - FRAME_HEADROOM_BYTES, POOLED_FRAME_BYTES_MAX, 9_000_000]) {
    const frame = pool.copy(frameOf(bytes))
    expect([frame.length, frame.every((byte) => byte === 7)]).toEqual([bytes, true])
  }
})

it('keeps no more free buffers than it may', () => {
  const pool = new FramePool(100_000)
  for (const frame of Array.from({ length: 10 }, () => pool.copy(frameOf(30_000)))) pool.giveBack(frame)
  expect(pool.freeBytes).toBe(3 * 32_768)
})

it('neither writes in front of bytes that are not its own nor keeps them', () => {
  const pool = new FramePool(1_000_000)
  const foreign = new Uint8Array(new ArrayBuffer(8_192), FRAME_HEADROOM_BYTES, 100)
  const big = pool.copy(frameOf(POOLED_FRAME_BYTES_MAX))
  expect([pool.headroom(foreign), pool.headroom(big)]).toEqual([0, 0])
  pool.giveBack(foreign)
  pool.giveBack(big)
  expect(pool.freeBytes).toBe(0)
})
