import { createEffect, createMemo, createSignal, Match, on, onMount, Show, Switch } from 'solid-js'
import { Badge } from '../components/Badge.tsx'
import { CaptureBar } from '../components/goLive/CaptureBar.tsx'
import { createLeaveGuard } from '../components/goLive/createLeaveGuard.ts'
import { createWakeLock } from '../components/goLive/createWakeLock.ts'
import { EndDialog } from '../components/goLive/EndDialog.tsx'
import { EndedPanel } from '../components/goLive/EndedPanel.tsx'
import { FailedPanel } from '../components/goLive/FailedPanel.tsx'
import { OfferPanel } from '../components/goLive/OfferPanel.tsx'
import { OnAirPanel } from '../components/goLive/OnAirPanel.tsx'
import { Preview } from '../components/goLive/Preview.tsx'
import { SetupPanel } from '../components/goLive/SetupPanel.tsx'
import { type Capture, createCapture } from '../devices/createCapture.ts'
import { type Problem, unsupportedProblem } from '../devices/problems.ts'
import { createTitle } from '../navigation/createTitle.ts'
import { watchPath } from '../navigation/route.ts'
import type { PublisherView } from '../publisher/createPublisher.ts'
import { createPublishing } from '../publisher/createPublishing.ts'
import { readKept, tabStorage, writeKept } from '../publisher/keptStream.ts'
import { cleanTitle } from '../publisher/messages.ts'
import { typeOf } from '../recorder/createRecorder.ts'
import '../components/stage.css'
import './livePage.css'

const badgeWord = ({ phase, isStopping }: PublisherView): string => (isStopping ? 'Ending' : phase === 'connecting' ? 'Connecting' : 'Reconnecting')

/** Picture and controls of what is captured; `view` while it is live. */
const CaptureStage = (props: { readonly capture: Capture; readonly problem: Problem | undefined; readonly view: PublisherView | undefined; readonly onEnd: () => void }) => (
  <div class="liveStage">
    <Preview capture={props.capture} problem={props.problem} isLive={props.view !== undefined}>
      <Show when={props.view}>
        {(view) => (
          <span class="onAir">
            <Show when={view().phase === 'live' && !view().isStopping} fallback={<span class="badge">{badgeWord(view())}</span>}>
              <Badge status="live" />
            </Show>
          </span>
        )}
      </Show>
    </Preview>
    <Show when={props.view?.isStopping === false}>
      <CaptureBar capture={props.capture} onEnd={props.onEnd} />
    </Show>
  </div>
)

/** What keeps this page from going live. */
const createProblem = (capture: Capture, hasRecorderFailed: () => boolean): (() => Problem | undefined) => {
  const isUnsupported = createMemo(() => {
    const stream = capture.stream()
    return stream !== undefined && typeOf(stream) === undefined
  })
  return () => capture.picture.problem() ?? (isUnsupported() || hasRecorderFailed() ? unsupportedProblem : undefined)
}

/** Goes live from this browser. */
export const LivePage = () => {
  const capture = createCapture()
  const publishing = createPublishing(capture)
  const [kept, setKept] = createSignal(readKept(tabStorage))
  const [title, setTitle] = createSignal('')
  const [isAsking, setAsking] = createSignal(false)
  const view = () => publishing.publisher()?.view()
  const id = () => publishing.publisher()?.identity.recordingId ?? ''
  const isOnAir = createMemo(() => ['connecting', 'live', 'reconnecting'].includes(view()?.phase ?? ''))
  const isEnded = createMemo(() => view()?.phase === 'ended')
  const problem = createProblem(capture, publishing.hasRecorderFailed)
  const hasPicture = () => capture.picture.source() === 'none' || capture.picture.track() !== undefined
  const canStart = () => capture.stream() !== undefined && hasPicture() && problem() === undefined && !capture.isOpening()
  createTitle(() => (isOnAir() ? 'Live' : 'Go live'))
  createLeaveGuard(isOnAir)
  createWakeLock(isOnAir)
  onMount(() => capture.open())
  createEffect(on(isEnded, (ended, before) => (ended ? capture.close() : before === true && capture.open()), { defer: true }))
  createEffect(on(isOnAir, (isOn) => void (isOn || setAsking(false))))
  const forget = (): void => {
    writeKept(tabStorage, undefined)
    setKept(undefined)
  }
  const resume = (how: 'goOn' | 'endKept'): void => {
    const stream = kept()
    if (stream !== undefined) publishing[how](stream)
    setKept(undefined)
  }
  const end = (): void => {
    setAsking(false)
    publishing.stop()
    capture.close()
  }
  return (
    <div class="goLivePage">
      <CaptureStage capture={capture} problem={problem()} view={isOnAir() ? view() : undefined} onEnd={() => setAsking(true)} />
      <Switch
        fallback={<SetupPanel capture={capture} title={title()} onTitle={setTitle} canStart={canStart()} onStart={() => publishing.start(cleanTitle(title()))} />}
      >
        <Match when={kept()}>
          {(stream) => <OfferPanel capture={capture} kept={stream()} canGoOn={canStart()} onGoOn={() => resume('goOn')} onEnd={() => resume('endKept')} onForget={forget} />}
        </Match>
        <Match when={isOnAir() && view()}>
          {(now) => (
            <OnAirPanel
              capture={capture}
              view={now()}
              title={publishing.publisher()?.identity.title ?? ''}
              startedAt_ms={publishing.startedAt_ms()}
              url={new URL(watchPath(id()), location.href).href}
              onLeave={() => publishing.publisher()?.leave()}
            />
          )}
        </Match>
        <Match when={view()?.failure}>{(failure) => <FailedPanel failure={failure()} onTryAgain={publishing.tryAgain} onBack={publishing.reset} />}</Match>
        <Match when={view()}>{(now) => <EndedPanel id={id()} view={now()} onAgain={publishing.reset} />}</Match>
      </Switch>
      <EndDialog isOpen={isAsking()} onStay={() => setAsking(false)} onEnd={end} />
    </div>
  )
}
