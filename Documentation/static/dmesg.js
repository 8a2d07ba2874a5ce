/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A line of dmesg may be pasted into the search field. It has names, numbers and addresses that no
 * page has, so of such a line only the words of messages.rst are looked for. That page then shows the
 * row of the message.
 */
"use strict";

(() => {
    const PAGE = "messages";
    const KEY = "wdmdma-message";

    const words = (text) => (text.match(/[A-Za-z_][A-Za-z_0-9]*/g) || []).map((w) => w.toLowerCase());

    /* Return true if the index has the word in the page of messages. */
    function isKnown(word) {
        const index = Search._index;
        const page = index.docnames.indexOf(PAGE);
        const term = new Stemmer().stemWord(word);

        return [index.terms, index.titleterms].some((terms) => {
            const pages = terms.hasOwnProperty(term) ? terms[term] : [];
            return [].concat(pages).includes(page);
        });
    }

    function patchSearch() {
        const query = Search.query;

        Search.query = (text) => {
            const line = text.includes(": ") || /^\[\s*\d+\.\d+\]/.test(text);

            sessionStorage.setItem(KEY, text);
            /* The page of messages comes first. A result begins with its page, and has its score. */
            Scorer.score = (result) => (line && result[0] === PAGE ? 1000 : result[4]);
            if (!line)
                return query(text);
            const known = words(text).filter((word) => !stopwords.includes(word) && isKnown(word));
            return query([...new Set(known)].join(" "));
        };
    }

    /* Mark the row of the table whose text has the most words of the message. */
    function showRow() {
        const text = sessionStorage.getItem(KEY);
        const cameFromSearch = document.referrer.includes("search.html");
        let best = null;
        let most = 1;

        if (!text || !cameFromSearch)
            return;
        const wanted = new Set(words(text));
        for (const literal of document.querySelectorAll("td:first-child code")) {
            const own = new Set(words(literal.textContent));
            const hits = [...own].filter((word) => wanted.has(word)).length;
            const score = hits * hits / (own.size + 1);

            if (hits > 1 && score > most) {
                most = score;
                best = literal.closest("tr");
            }
        }
        if (best) {
            best.classList.add("found");
            best.scrollIntoView({ block: "center" });
        }
    }

    document.addEventListener("DOMContentLoaded", () => {
        if (typeof Search !== "undefined")
            patchSearch();
        if (/\/messages\.html$/.test(location.pathname))
            setTimeout(showRow, 0);
    });
})();
