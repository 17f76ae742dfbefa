import { lazy, Match, Suspense, Switch } from 'solid-js'
import { Header } from './components/Header.tsx'
import { createLocation } from './navigation/createLocation.ts'
import { routeOf } from './navigation/route.ts'

const HomePage = lazy(async () => ({ default: (await import('./pages/HomePage.tsx')).HomePage }))
const WatchPage = lazy(async () => ({ default: (await import('./pages/WatchPage.tsx')).WatchPage }))
const LivePage = lazy(async () => ({ default: (await import('./pages/LivePage.tsx')).LivePage }))
const NotFoundPage = lazy(async () => ({ default: (await import('./pages/NotFoundPage.tsx')).NotFoundPage }))

/** The whole of the pages: a header and the page that the address names, loaded when it is needed. */
export const App = () => {
  const path = createLocation()
  const route = () => routeOf(path())
  const watched = () => {
    const current = route()
    return current.page === 'watch' ? current.id : undefined
  }
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Header offersGoLive={route().page !== 'live'} />
      <main id="main" tabindex="-1">
        <Suspense>
          <Switch fallback={<NotFoundPage />}>
            <Match when={route().page === 'home'}>
              <HomePage />
            </Match>
            <Match when={route().page === 'live'}>
              <LivePage />
            </Match>
            <Match when={watched()} keyed>
              {(id) => <WatchPage id={id} />}
            </Match>
          </Switch>
        </Suspense>
      </main>
    </>
  )
}
