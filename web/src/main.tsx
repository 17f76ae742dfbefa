import { render } from 'solid-js/web'
import { App } from './App.tsx'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/surfaces.css'

const root = document.getElementById('app')
if (root === null) throw new Error('index.html has no #app')
render(() => <App />, root)
