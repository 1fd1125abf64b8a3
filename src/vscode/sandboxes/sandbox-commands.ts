/** The commands about sandboxes, without their prefix. */
export const SANDBOX_COMMANDS = [
  'restore',
  'buildImage',
  'openImage',
  'refreshSandboxes',
  'openSandboxArchive',
  'showSandboxLogs',
  'openSandboxShell',
  'checkpointSandbox',
  'removeSandbox',
] as const;

export type SandboxCommand = (typeof SANDBOX_COMMANDS)[number];
