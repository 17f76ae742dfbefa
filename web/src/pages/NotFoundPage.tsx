import { createTitle } from '../navigation/createTitle.ts'

/** For addresses that name nothing. */
export const NotFoundPage = () => {
  createTitle(() => 'Not found')
  return (
    <div class="plain">
      <h1>There is nothing at this address</h1>
      <p>A letter may be missing from the link. Everything that is live stands on the first page.</p>
      <a class="button primary" href="/">
        See what is live
      </a>
    </div>
  )
}
