// Starts `amb lsp` for policies; everything else is the server's.

"use strict";

const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function activate() {
    const command = workspace.getConfiguration("amb").get("path", "amb");
    const options = {
        documentSelector: [{ scheme: "file", language: "amb" }],
        // What an open policy imports, and which baseline applies, may change beside it.
        synchronize: { fileEvents: workspace.createFileSystemWatcher("**/{*.amb,amb.toml}") },
    };
    client = new LanguageClient("amb", "Ambassador policies", { command, args: ["lsp"] }, options);
    return client.start();
}

function deactivate() {
    return client?.stop();
}

module.exports = { activate, deactivate };
