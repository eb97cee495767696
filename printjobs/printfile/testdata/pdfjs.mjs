// Opens PDF files with pdf.js and interprets every page: prints what pdf.js warns of, and the number of pages.
// Usage: node pdfjs.mjs FOLDER FILE... where FOLDER holds node_modules/pdfjs-dist.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
// Without a canvas pdf.js warns, when it is loaded, that it cannot draw. Nothing is drawn here.
const log = console.log;
console.log = console.warn = () => {};
const root = folder + "/node_modules/pdfjs-dist/";
const pdfjs = await import(pathToFileURL(root + "legacy/build/pdf.mjs"));
let file = "";
console.log = console.warn = (...words) => log(file + ": " + words.join(" "));
for (file of files) {
	const task = pdfjs.getDocument({
		data: new Uint8Array(readFileSync(file)),
		verbosity: pdfjs.VerbosityLevel.WARNINGS,
		standardFontDataUrl: root + "standard_fonts/",
		useWorkerFetch: false,
		isEvalSupported: false,
		stopAtErrors: true,
	});
	const doc = await task.promise;
	let operators = 0;
	for (let i = 1; i <= doc.numPages; i++) {
		const page = await doc.getPage(i);
		operators += (await page.getOperatorList()).fnArray.length;
		await page.getTextContent();
		page.cleanup();
	}
	log(`pages ${doc.numPages} operators ${operators}`);
	await task.destroy();
}
