import { defineConfig } from 'vite'
import solid from 'vite-plugin-solid'

const platform = process.env['MILLRACE_URL'] ?? 'http://127.0.0.1:8080'
const forwarded = { target: platform, ws: true }

/** Builds the pages to `web/dist`; `vite web` serves them with reload and forwards the rest to `MILLRACE_URL`. */
export default defineConfig({
  plugins: [solid()],
  build: { target: 'es2022', outDir: 'dist', emptyOutDir: true, chunkSizeWarningLimit: 700 },
  server: {
    proxy: { '/api': forwarded, '^/live/.+': forwarded, '/recordings': forwarded, '/ws': forwarded },
  },
})
