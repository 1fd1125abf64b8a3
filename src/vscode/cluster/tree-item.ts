import * as vscode from 'vscode';
import type { Row, TreeNode } from './tree/node.ts';

/**
 * What a click on a row does. It has no arguments, because VS Code keeps these only until the row is drawn anew, and says
 * “Actual command not found” to who clicks just then; which row it is tells the selection.
 */
export const CLICK_COMMAND = 'checkpointExplorer.clickClusterRow';

/** A row as VS Code draws it. */
export function treeItem(node: TreeNode, row: Row): vscode.TreeItem {
  const { None, Collapsed } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(row.label, node.expandable ? Collapsed : None);
  item.id = node.id;
  item.description = row.description;
  item.tooltip = new vscode.MarkdownString(row.tooltip);
  item.iconPath = new vscode.ThemeIcon(
    row.icon,
    row.color === undefined ? undefined : new vscode.ThemeColor(row.color),
  );
  item.contextValue = row.context;
  item.accessibilityInformation = {
    label: row.spoken ?? (row.description === '' ? row.label : `${row.label}, ${row.description}`),
  };
  if (row.command) item.command = { command: CLICK_COMMAND, title: row.command.title };
  return item;
}
