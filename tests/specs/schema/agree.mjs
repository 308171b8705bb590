// SPDX-License-Identifier: MIT
//
// Holds what an independent validator makes of `muster schema` against `muster validate`, on every case of valid/ and
// invalid/. What muster takes, the schema must take; what muster refuses, the schema must refuse, but for the cases
// that only-muster.txt lists with the reason. A case that is listed there and need not be is a failure as well.
//
// node agree.mjs FOLDER: the packages that are missing are installed below FOLDER. MUSTER_BIN_DIR says where muster is.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const corpus = path.dirname(here);
const muster = path.join(process.env.MUSTER_BIN_DIR ?? ".", "muster");

// How many cases of each sort there are at the least: a run that finds none has tested nothing.
const LEAST_TAKEN = 30;
const LEAST_REFUSED = 180;

function run(program, words, options) {
        const done = spawnSync(program, words, { encoding: "utf-8", ...options });

        if (done.error) throw done.error;
        return done;
}

function sameFile(a, b) {
        return existsSync(b) && readFileSync(a).equals(readFileSync(b));
}

// Installs what package-lock.json names, unless it is there already.
function install(folder) {
        const lock = path.join(folder, "package-lock.json");

        if (!sameFile(path.join(here, "package-lock.json"), lock) || !existsSync(path.join(folder, "node_modules"))) {
                mkdirSync(folder, { recursive: true });
                for (const name of ["package.json", "package-lock.json"])
                        copyFileSync(path.join(here, name), path.join(folder, name));

                const words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
                const done = run("npm", words, { cwd: folder });

                if (done.status !== 0) throw new Error(`npm ${words.join(" ")} failed:\n${done.stdout}${done.stderr}`);
        }

        return createRequire(lock);
}

function schemaOf(...kind) {
        const done = run(muster, ["schema", ...kind]);

        if (done.status !== 0) throw new Error(`muster schema ${kind} failed: ${done.stderr}`);
        return JSON.parse(done.stdout);
}

// The schema's validators: of any document, and of those of one kind. The strict mode refuses a schema with a keyword
// that nobody knows, or one that can have no effect.
function validators(Ajv) {
        const ajv = new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
        const whole = schemaOf();
        const kinds = whole.properties.kind.enum;

        ajv.addKeyword({ keyword: "errorMessage", schemaType: "string" });
        return { any: ajv.compile(whole), of: new Map(kinds.map((kind) => [kind, ajv.compile(schemaOf(kind))])) };
}

// The files that muster reads for a case.
function filesOf(place) {
        if (!statSync(place).isDirectory()) return [place];

        return readdirSync(place, { withFileTypes: true })
                .filter((entry) => !entry.name.startsWith(".") && (entry.isDirectory() || /\.ya?ml$/.test(entry.name)))
                .flatMap((entry) => filesOf(path.join(place, entry.name)));
}

// What is wrong with one document in the validators' eyes; null: nothing.
function complaintAbout(document, validate) {
        const ofKind = validate.of.get(document?.kind);
        const taken = validate.any(document);

        if (ofKind && ofKind(document) !== taken)
                throw new Error(`the schema of its kind disagrees with the whole about ${JSON.stringify(document)}`);

        return taken ? null : validate.any.errors.map((error) => `${error.instancePath} ${error.message}`).join("; ");
}

// The values of a file's documents. Throws what is wrong with the YAML.
function documentsOf(file, YAML) {
        const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
        const documents = YAML.parseAllDocuments(text, { merge: true, logLevel: "silent" });

        for (const document of documents) if (document.errors.length) throw document.errors[0];
        return documents.map((document) => document.toJS());
}

// What is wrong with a case for who has a reader of YAML 1.2 and the schema, and no muster; null: nothing.
function complaint(place, YAML, validate) {
        for (const file of filesOf(place)) {
                let documents;

                try {
                        documents = documentsOf(file, YAML);
                } catch (error) {
                        return `cannot be read: ${error.message}`;
                }

                for (const document of documents) {
                        const wrong = complaintAbout(document, validate);

                        if (wrong) return wrong;
                }
        }

        return null;
}

// The cases of only-muster.txt, each with its reason: lines "REASON: why", below each the cases, indented.
function listed() {
        const cases = new Map();
        let reason = null;

        for (const line of readFileSync(path.join(here, "only-muster.txt"), "utf-8").split("\n")) {
                if (/^\s/.test(line)) cases.set(line.trim(), reason);
                else if (line && !line.startsWith("#")) reason = line.split(":")[0];
        }

        return cases;
}

function casesOf(folder) {
        return readdirSync(path.join(corpus, folder))
                .filter((name) => name.endsWith(".expected"))
                .map((name) => name.replace(/\.expected$/, ""))
                .map((name) => ({ name, place: path.join(corpus, folder, name) }))
                .map(({ name, place }) => ({ name, place: existsSync(place) ? place : `${place}.yaml` }));
}

function takenByMuster(place) {
        const done = run(muster, ["validate", place]);

        if (done.status !== 0 && done.status !== 1) throw new Error(`muster validate ${place} ended ${done.status}`);
        return done.status === 0;
}

// What is wrong with the agreement on a case; null: nothing.
function disagreement({ name, place }, taken, wrong, reason) {
        if (taken && wrong !== null) return `${name}: muster takes it, and the schema does not: ${wrong}`;
        if (taken && reason) return `${name}: is listed, and muster takes it`;
        if (!taken && wrong === null && !reason) return `${name}: only muster refuses it, and it is not listed`;
        if (!taken && wrong !== null && reason) return `${name}: is listed, and the schema refuses it: ${wrong}`;
        return null;
}

function main() {
        const need = install(path.resolve(process.argv[2] ?? "."));
        const YAML = need("yaml");
        const validate = validators(need("ajv").default);
        const reasons = listed();
        const counts = { taken: 0, refused: 0, failed: 0 };

        for (const one of [...casesOf("valid"), ...casesOf("invalid")]) {
                const taken = takenByMuster(one.place);
                const failure = disagreement(one, taken, complaint(one.place, YAML, validate), reasons.get(one.name));

                reasons.delete(one.name);
                counts[taken ? "taken" : "refused"]++;
                if (failure) {
                        console.log(failure);
                        counts.failed++;
                }
        }

        for (const name of reasons.keys()) {
                console.log(`${name}: is listed, and there is no such case`);
                counts.failed++;
        }

        console.log(`${counts.taken} taken, ${counts.refused} refused, ${counts.failed} disagreements`);
        if (counts.taken < LEAST_TAKEN || counts.refused < LEAST_REFUSED) throw new Error("there are too few cases");
        process.exitCode = counts.failed ? 1 : 0;
}

main();
