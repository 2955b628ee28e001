/// A value as an error quotes it.
func quoted(_ text: String) -> String { "\"\(shown(text))\"" }

/// On one line whatever it holds, and not longer than a sentence bears: control characters escaped, the rest
/// behind 60 characters left out.
func shown(_ text: String) -> String {
    let start = text.unicodeScalars.prefix(60)
    let line = start.map { scalar in
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: scalar.escaped(asASCII: true)
        default: String(scalar)
        }
    }
    return line.joined() + (text.unicodeScalars.count > start.count ? "…" : "")
}

/// The word that was probably meant: a slip or two away (one for a short word), else one that begins like it.
func nearest(to typed: String, among words: [String]) -> String? {
    guard typed.unicodeScalars.count <= 40 else { return nil }
    let near = words.map { (word: $0, slips: slips(from: typed, to: $0)) }.min { $0.slips < $1.slips }
    if let near, near.slips <= (near.word.count > 6 ? 2 : 1) { return near.word }
    return words.first { typed.count >= 5 && $0.hasPrefix(typed) }
}

/// How many letters were added, left out, changed, or swapped with a neighbour.
///
/// - Source: Damerau-Levenshtein distance in its "optimal string alignment" form.
func slips(from typed: String, to meant: String) -> Int {
    let typed = Array(typed.unicodeScalars)
    let meant = Array(meant.unicodeScalars)
    var beforeLast: [Int] = []
    var last = Array(0...meant.count)
    for row in typed.indices {
        var current = [row + 1]
        for column in meant.indices {
            let changed = last[column] + (typed[row] == meant[column] ? 0 : 1)
            var fewest = min(changed, last[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, typed[row] == meant[column - 1], typed[row - 1] == meant[column] {
                fewest = min(fewest, beforeLast[column - 1] + 1)
            }
            current.append(fewest)
        }
        (beforeLast, last) = (last, current)
    }
    return last[meant.count]
}

/// Lines of at most `width` characters, broken at blanks; a longer word stands alone.
func wrapped(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
        if let last = lines.last, last.count + 1 + word.count <= width {
            lines[lines.count - 1] = "\(last) \(word)"
        } else {
            lines.append(String(word))
        }
    }
    return lines
}

/// A URL without what stands before its last `@`, so that no log gets to hold a password.
func withoutPassword(_ text: String) -> String {
    guard let at = text.lastIndex(of: "@"), let colon = text.firstIndex(of: ":"), colon < at,
        text[colon...].hasPrefix("://")
    else { return text }
    return text[..<colon] + "://…" + text[at...]
}
