/// What a page says of a text beside its title.
struct TextSource: Sendable {
    /// A BCP 47 tag; empty when it is not known.
    let language: String
    /// Author and translator; empty when they are not known.
    let byline: String

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

    /// A stanza with its verses kept as lines.
    static func stanza(_ text: String, number: Int) -> String {
        let verses = text.split(separator: "\n", omittingEmptySubsequences: false).map { escaped(String($0)) }
        return "<p class=\"stanza\" id=\"stanza-\(number)\">" + verses.joined(separator: "<br>\n") + "</p>\n"
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

    /// The head of the page that grows without a script. It takes its style from beside itself.
    static func growingHead(title: String, source: TextSource) -> [UInt8] {
        Array(
            """
            <!DOCTYPE html>
            <html lang="\(Markup.escaped(source.language))">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(Markup.escaped(title))</title>
            <link rel="stylesheet" href="page.css">
            </head>
            <body>
            <main>
            <h1>\(Markup.escaped(title))</h1>
            <p class="byline">\(Markup.escaped(source.byline))</p>
            <div role="log">

            """.utf8)
    }

    static let growingEnd = Array("</div>\n<p>The reading is over.</p>\n</main>\n</body>\n</html>\n".utf8)
}
