import * as vscode from 'vscode';
import type { Row, TreeNode } from './tree/node.ts';

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
  if (row.command) {
    item.command = {
      command: `checkpointExplorer.${row.command.name}`,
      title: row.command.title,
      arguments: [node],
    };
  }
  return item;
}
