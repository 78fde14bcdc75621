import { byId, setHidden, setText } from './element.js'
import type { Credentials } from './credentials.js'

/** The form that asks who the operator is. */
export class SignIn {
  readonly #form = byId<HTMLFormElement>('sign-in')
  readonly #userId = byId<HTMLInputElement>('user-id')
  readonly #authToken = byId<HTMLInputElement>('auth-token')
  readonly #problem = byId('sign-in-problem')

  constructor(onCredentials: (credentials: Credentials) => void) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      const credentials = { userId: this.#userId.value.trim(), authToken: this.#authToken.value.trim() }
      if (credentials.userId === '' || credentials.authToken === '') return
      this.#authToken.value = ''
      onCredentials(credentials)
    })
  }

  show(problem: string | undefined): void {
    setHidden(this.#form, false)
    setText(this.#problem, problem ?? '')
    setHidden(this.#problem, problem === undefined)
    const first = this.#userId.value === '' ? this.#userId : this.#authToken
    first.focus()
  }

  hide(): void {
    setHidden(this.#form, true)
  }
}
