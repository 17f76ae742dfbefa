import { createTitle } from '../navigation/createTitle.ts'

/** For addresses that name nothing. */
export const NotFoundPage = () => {
  createTitle(() => 'Not found')
  return (
    <div class="plain">
      <h1>There is nothing at this address</h1>
      <p>
        Everything that is live stands on <a href="/">the first page</a>.
      </p>
    </div>
  )
}
