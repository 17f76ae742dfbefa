import { Match, Switch } from 'solid-js'
import { Header } from './components/Header.tsx'
import { createLocation } from './navigation/createLocation.ts'
import { routeOf } from './navigation/route.ts'
import { HomePage } from './pages/HomePage.tsx'
import { NotFoundPage } from './pages/NotFoundPage.tsx'
import { WatchPage } from './pages/WatchPage.tsx'

/** The whole of the pages: a header and the page that the address names. */
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
      <Header />
      <main id="main" tabindex="-1">
        <Switch fallback={<NotFoundPage />}>
          <Match when={route().page === 'home'}>
            <HomePage />
          </Match>
          <Match when={watched()} keyed>
            {(id) => <WatchPage id={id} />}
          </Match>
        </Switch>
      </main>
    </>
  )
}
