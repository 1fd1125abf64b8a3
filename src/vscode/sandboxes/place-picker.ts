import * as vscode from 'vscode';
import type { Errors } from '../errors.ts';
import { PLACE_NAMES } from './place-names.ts';
import { canBeChosen, isThere, type Place } from './places.ts';

/** Lets the person choose where. Places that are not there are shown with the reason, and cannot be taken. */
export function choosePlace(places: readonly Place[], errors: Errors): Promise<Place | undefined> {
  const items = places
    .toSorted((a, b) => Number(canBeChosen(b)) - Number(canBeChosen(a)))
    .map((place) => ({
      place,
      label: `$(${iconOf(place)}) ${PLACE_NAMES[place.kind]}`,
      ...describe(place, errors),
    }));
  const quickPick = vscode.window.createQuickPick<(typeof items)[number]>();
  quickPick.title = vscode.l10n.t('Restore to Sandbox');
  quickPick.placeholder = vscode.l10n.t('Choose where. Nothing starts before you have seen what will be done.');
  quickPick.items = items;
  quickPick.matchOnDetail = true;
  return new Promise((resolve) => {
    quickPick.onDidAccept(() => {
      const place = quickPick.selectedItems[0]?.place;
      if (!place || !canBeChosen(place)) return;
      resolve(place);
      quickPick.hide();
    });
    quickPick.onDidHide(() => {
      resolve(undefined);
      quickPick.dispose();
    });
    quickPick.show();
  });
}

function iconOf(place: Place): string {
  if (!canBeChosen(place)) return 'circle-slash';
  return place.kind === 'kubernetes' ? 'server-environment' : 'vm';
}

function describe(place: Place, errors: Errors): { readonly description?: string; readonly detail?: string } {
  if ('missing' in place) {
    return { detail: typeof place.missing === 'string' ? place.missing : errors.words(place.missing) };
  }
  if (isThere(place)) return { description: place.target.engineVersion ?? '' };
  return {
    description: place.context,
    detail: vscode.l10n.t('In a pod of its own. Cluster, node, namespace and image are chosen on the page.'),
  };
}
