#!/bin/sh
# Stands in for a VS Code executable where the only display is a virtual one.
exec xvfb-run --auto-servernum "$CHECKPOINT_EXPLORER_VSCODE" "$@"
