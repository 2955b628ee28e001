internal import SocketIOServer

/// What a page says of a text beside its title.
struct TextSource: Sendable {
    /// A BCP 47 tag; empty when it is not known.
    var language: String
    /// Author and translator; empty when they are not known.
    var byline: String

    static let builtIn = TextSource(
        language: "en", byline: "Dante Alighieri, translated by Henry Wadsworth Longfellow")
    static let file = TextSource(language: "", byline: "")
}

/// Text set into HTML.
enum Markup {
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    /// A stanza as the page's script sets it: every verse an element for the style, and a line end for browsers
    /// without style.
    static func stanza(_ text: String, number: Int) -> String {
        let verses = text.split(separator: "\n", omittingEmptySubsequences: false).map { verse in
            "<span class=\"verse\">\(escaped(String(verse)))</span>"
        }
        let set = verses.joined(separator: "<br>\n")
        return "<p class=\"stanza\" id=\"stanza-\(number)\" dir=\"auto\">\(set)</p>\n"
    }
}

/// The page with what is read filled in. The only templating there is: `{{name}}` becomes a value, escaped.
enum Page {
    static func filled(_ template: [UInt8], with values: [String: String]) -> [UInt8] {
        var page = String(decoding: template, as: UTF8.self)
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            page = page.split(separator: "{{\(name)}}", omittingEmptySubsequences: false)
                .joined(separator: Markup.escaped(value))
        }
        return Array(page.utf8)
    }

    /// What the built-in page may do: use what lies beside it, be framed by anybody, and nothing else. `frame-src`
    /// and `form-action` are for polling by script elements, which posts forms into a frame.
    ///
    /// Every address in the page is relative, so it must be open in its directory; a proxy that strips its prefix
    /// does not tell whether the slash was there, and without it the page's files are looked for beside the prefix,
    /// where they are not. A query alone (`?script=slash`) is the one relative address that is right in both
    /// cases (RFC 3986, 5.2.2), so under it the page finds the script that goes to the address with the slash.
    static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
        + "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors *"

    /// What of a request the page passes on to the page that grows, which has no script to do it: the place and
    /// the token, with their question mark. Empty when there is neither.
    static func search(of request: Request) -> String {
        let parts = ["from", "token"].compactMap { name in
            request.parameter(name).map { "\(name)=\(percentEncoded($0))" }
        }
        return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
    }

    /// RFC 3986, section 2.1: all but the unreserved characters.
    private static func percentEncoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            if isLetter || isDigit || "-._~".utf8.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
    }

    /// The head of the page that grows without a script. It takes its style from beside itself.
    static func growingHead(title: String, source: TextSource) -> [UInt8] {
        let title = Markup.escaped(title)
        let language = Markup.escaped(source.language)
        return Array(
            """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy"
                content="default-src 'none'; style-src 'self'; img-src data:">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title)</title>
            <link rel="icon" href="data:,">
            <link rel="stylesheet" href="page.css">
            </head>
            <body>
            <main>
            <h1 lang="\(language)" dir="auto">\(title)</h1>
            <p class="byline" lang="\(language)" dir="auto">\(Markup.escaped(source.byline))</p>
            <div id="poem" role="log" aria-label="\(title)" lang="\(language)">

            """.utf8)
    }

    static let growingEnd = Array(
        """
        </div>
        <p id="end">The reading is over. <a href="read">Start again</a></p>
        </main>
        </body>
        </html>

        """.utf8)
}
