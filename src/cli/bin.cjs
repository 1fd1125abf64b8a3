#!/usr/bin/env node
// What `checkpoint-explorer` starts: looks at Node's version before anything else is loaded, in a syntax that every
// Node understands, so that an old one gets a sentence and not a syntax error.
'use strict';

var version = process.versions.node.split('.').map(Number);

if (version[0] > 22 || (version[0] === 22 && version[1] >= 19)) {
  require('./cli-boot.js');
} else {
  console.error(
    'checkpoint-explorer needs Node 22.19 or newer, and this is Node ' +
      process.versions.node +
      ': run it with a newer one.',
  );
  process.exitCode = 2;
}
