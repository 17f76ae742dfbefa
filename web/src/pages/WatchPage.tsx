import { createMemo, createSignal, Show } from 'solid-js'
import { Badge } from '../components/Badge.tsx'
import { PlaybackFacts } from '../components/PlaybackFacts.tsx'
import { ShareButton } from '../components/ShareButton.tsx'
import { type Playback, Stage } from '../components/Stage.tsx'
import { ViewerCount } from '../components/ViewerCount.tsx'
import { createLasting } from '../motion/createLasting.ts'
import { createTitle } from '../navigation/createTitle.ts'
import { createKnown } from '../player/createKnown.ts'
import { formatAgo } from '../player/formatTime.ts'
import { lagOf, nextSource, noticeOf, type Source, withPublisherAway } from '../player/watchState.ts'
import './watchPage.css'

/** A picture that stands still for less needs no words. */
const stalledLong_ms = 4_000

/** One stream: live, or its recording. */
export const WatchPage = (props: { readonly id: string }) => {
  const followed = createKnown(props.id)
  const [playback, setPlayback] = createSignal<Playback>({ phase: 'loading', path: undefined, figures: undefined })
  const [wantsRecording, setWantsRecording] = createSignal(false)
  const phase = createMemo(() => playback().phase)
  const isAway = createMemo(() => playback().figures?.isPublisherAway ?? false)
  const known = createMemo(() => withPublisherAway(followed.known(), isAway()))
  const stream = () => {
    const now = known()
    return typeof now === 'string' ? undefined : now
  }
  const source = createMemo((playing: Source | undefined) => nextSource(playing, known(), phase(), wantsRecording()), undefined, {
    equals: (one, other) => one?.url === other?.url,
  })
  const isStalledLong = createLasting(() => phase() === 'stalled', stalledLong_ms)
  const notice = createMemo(() => noticeOf(known(), followed.unreachable(), source(), phase(), isStalledLong()))
  const title = () => stream()?.title ?? props.id
  const isSoundOnly = () => (stream()?.renditions ?? []).some(({ height }) => height === 0) && (stream()?.renditions ?? []).every(({ height }) => height === 0)
  const begun = createMemo(() => formatAgo(stream()?.startedAt ?? '', (playback(), Date.now())))
  const viewers = () => (stream()?.status === 'live' ? stream()?.viewers : undefined)
  createTitle(title)
  return (
    <div class="watch">
      <Stage source={source()} notice={notice()} title={title()} isSoundOnly={isSoundOnly()} onPlayback={setPlayback} onWantsRecording={() => setWantsRecording(true)} />
      {/* All at once: what comes in bits would move what stands below it. */}
      <Show when={known() !== 'asking'} fallback={<h1 class="visuallyHidden">{title()}</h1>}>
        <div class="watchHead">
          <div class="watchWords">
            <h1 dir="auto">{title()}</h1>
            <div class="watchLine">
              <Show when={stream()}>{(now) => <Badge status={now().state} />}</Show>
              <Show when={viewers() !== undefined}>
                <ViewerCount count={viewers() ?? 0} />
              </Show>
              <Show when={begun()}>{(ago) => <span>{stream()?.status === 'live' ? `Began ${ago()}` : ago()}</span>}</Show>
              <span class="lag" role="status">
                {lagOf(known()) ?? ''}
              </span>
            </div>
          </div>
          <Show when={stream()}>
            <ShareButton title={title()} />
          </Show>
        </div>
        <PlaybackFacts playback={playback()} isLive={source()?.live ?? false} />
      </Show>
    </div>
  )
}
