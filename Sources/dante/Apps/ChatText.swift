/// Text of a guest, made fit for everybody else's screen. Markup stays as it is: escaping is for whoever writes HTML.
enum ChatText {
    /// One line: white space of any kind is a blank, at both ends it is dropped, and what could disturb the text
    /// around it is left out.
    ///
    /// - Returns: nil when nothing is left that anybody could see.
    static func line(_ text: String) -> String? {
        var line = String.UnicodeScalarView()
        // Up to here there is something to see: blanks behind it are not taken.
        var end = line.startIndex
        var isVisible = false
        for scalar in text.unicodeScalars where !disturbs(scalar) {
            let isBlank = scalar.properties.isWhitespace
            if isBlank, line.isEmpty { continue }
            line.append(isBlank ? " " : scalar)
            if !isBlank { end = line.endIndex }
            isVisible = isVisible || !isBlank && !isInvisible(scalar)
        }
        return isVisible ? String(line[..<end]) : nil
    }

    /// Control characters other than white space; and those that turn the direction of what follows, by which one
    /// name could rewrite the line it stands in.
    ///
    /// - Source: Unicode UAX #9, 2.1 and 2.2, "explicit directional embedding and override".
    private static func disturbs(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": true
        default: scalar.properties.generalCategory == .control && !scalar.properties.isWhitespace
        }
    }

    /// Joiners, fillers and the like mean something between letters, and nothing alone.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .format, .nonspacingMark, .enclosingMark, .unassigned: true
        default: scalar.properties.isDefaultIgnorableCodePoint
        }
    }
}
