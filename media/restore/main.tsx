import { render } from 'preact';
import type { RestorePageApi, RestorePageEvents } from '../../src/protocol/restore-api.ts';
import { connectTo } from '../host.ts';
import { RestorePage } from './restore-page.tsx';
import './restore.css';

const root = document.createElement('div');
root.id = 'page';
document.body.append(root);
render(<RestorePage connection={connectTo<RestorePageApi, RestorePageEvents>()} />, root);
