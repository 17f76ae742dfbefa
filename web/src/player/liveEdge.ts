import type { Figures } from './engine.ts'

/** Whether a live picture is as close to the edge as it should be, give or take what rate control is about to catch up. */
export const isAtLiveEdge = ({ latency_s, target_s }: Pick<Figures, 'latency_s' | 'target_s'>): boolean =>
  latency_s === undefined || latency_s < (target_s ?? 2) + 1.5
