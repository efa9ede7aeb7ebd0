import '@fontsource-variable/inter/wght.css';
import { mount } from 'svelte';
import './Design/base.css';
import './Design/tokens.css';
import App from './Shell/App.svelte';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no element #app');
mount(App, { target });
