/** Which ways of playing this browser has, and how each is opened. */
import type { OpenEngine } from './engine.ts'
import { isNativelySupported, openNative } from './nativeEngine.ts'
import type { Path } from './paths.ts'
import { canBuffer } from './push/mediaBuffers.ts'
import { canPush, openPush } from './push/pushEngine.ts'

/** `?path=hls` in the address leaves out what is pushed, for those who measure or look for a fault. */
const wantsHls = (): boolean => new URLSearchParams(location.search).get('path') === 'hls'

/** The ways that can be gone here; HLS is played by the browser only where hls.js cannot. */
export const ablePaths = (video: HTMLVideoElement): ReadonlySet<Path> => {
  const able = new Set<Path>()
  if (canPush() && !wantsHls()) able.add('push')
  if (canBuffer()) able.add('hls')
  else if (isNativelySupported(video)) able.add('native')
  return able
}

/** What opens a stream on a way. Rejects where hls.js cannot be loaded. */
export const engineOf = async (path: Path): Promise<OpenEngine> => {
  switch (path) {
    case 'push':
      return openPush
    case 'hls':
      return (await import('./hlsEngine.ts')).openHls
    case 'native':
      return openNative
  }
}
