import { AudioStreamController, type Events, type InitPTSFoundData } from 'hls.js'

/**
 * hls.js's loader of sound, with one thing mended (seen in 1.7.4). Sound behind a discontinuity waits until the picture
 * has told where that lies. If several parts come meanwhile, hls.js takes the next part first, loses the ones that waited
 * and never loads sound again. Here those that waited go first, as soon as the place is known.
 */
export class SoundLoader extends AudioStreamController {
  override onInitPtsFound(event: Events.INIT_PTS_FOUND, data: InitPTSFoundData): void {
    super.onInitPtsFound(event, data)
    this.tick()
  }
}
