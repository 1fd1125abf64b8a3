import { render } from 'preact';
import { App } from './app.tsx';
import { connect } from './host.ts';
import { Session, SessionProvider } from './session.ts';
import './styles/main.css';

const session = new Session(connect());
const root = document.createElement('div');
root.id = 'page';
document.body.append(root);
render(
  <SessionProvider value={session}>
    <App />
  </SessionProvider>,
  root,
);
