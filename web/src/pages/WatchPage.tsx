import { createMemo, createSignal, Show } from 'solid-js'
import { createPolled } from '../api/createPolled.ts'
import { findStream } from '../api/fetchStreams.ts'
import { pictureSize } from '../api/stream.ts'
import { Badge } from '../components/Badge.tsx'
import { PlaybackFacts } from '../components/PlaybackFacts.tsx'
import { ShareButton } from '../components/ShareButton.tsx'
import { Stage } from '../components/Stage.tsx'
import { createTitle } from '../navigation/createTitle.ts'
import type { Figures } from '../player/engine.ts'
import { formatAgo } from '../player/formatTime.ts'
import type { Phase } from '../player/session.ts'
import { type Known, nextSource, noticeOf, type Source } from '../player/watchState.ts'
import './watchPage.css'

const poll_ms = 2_000

/** One stream: live, or its recording. */
export const WatchPage = (props: { readonly id: string }) => {
  const polled = createPolled(() => findStream(props.id), poll_ms)
  const [phase, setPhase] = createSignal<Phase>('loading')
  const [figures, setFigures] = createSignal<Figures>()
  const [wantsRecording, setWantsRecording] = createSignal(false)
  const known = createMemo((): Known => {
    const { answer } = polled()
    return answer === undefined ? 'asking' : (answer.value ?? 'unknown')
  })
  const stream = () => {
    const now = known()
    return typeof now === 'string' ? undefined : now
  }
  const source = createMemo((playing: Source | undefined) => nextSource(playing, known(), phase(), wantsRecording()), undefined, {
    equals: (one, other) => one?.url === other?.url,
  })
  const notice = createMemo(() => noticeOf(known(), polled().unreachable, source(), phase()))
  const title = () => stream()?.title ?? props.id
  const facts = () => [formatAgo(stream()?.startedAt ?? '', Date.now()), ...[stream()].map((now) => now && pictureSize(now))].filter(Boolean).join(' · ')
  createTitle(title)
  return (
    <div class="watch">
      <Stage source={source()} notice={notice()} title={title()} onPhase={setPhase} onFigures={setFigures} onWantsRecording={() => setWantsRecording(true)} />
      <div class="watchHead">
        <div class="watchWords">
          <h1 dir="auto">{title()}</h1>
          <p>
            <Show when={stream()}>{(now) => <Badge status={now().status} />}</Show>
            <span>{facts()}</span>
          </p>
        </div>
        <Show when={stream()}>
          <ShareButton title={title()} />
        </Show>
      </div>
      <PlaybackFacts stream={stream()} figures={figures()} />
    </div>
  )
}
