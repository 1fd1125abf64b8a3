import { Icon } from './icon.tsx';

/** One of the ways in which a tab shows the same things. */
export interface View {
  readonly icon: string;
  readonly label: string;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

/** Chooses between them. */
export function ViewSwitch({ label, views }: { label: string; views: readonly View[] }) {
  return (
    <div class="view-switch" role="group" aria-label={label}>
      {views.map((view) => (
        <button key={view.label} type="button" class="choice" aria-pressed={view.chosen} onClick={view.onChoose}>
          <Icon name={view.icon} /> {view.label}
        </button>
      ))}
    </div>
  );
}
