#!/usr/bin/env node
import '../dist/install/cli.js'
