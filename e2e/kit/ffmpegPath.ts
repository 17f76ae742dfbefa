/** Where FFmpeg is: `FFMPEG_PATH`, as the bring-up sets it, else PATH. */
export const ffmpegPath = process.env['FFMPEG_PATH'] ?? 'ffmpeg'
