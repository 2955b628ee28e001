import Foundation
import Testing

@testable import dante

@Suite struct SettingsHelpTests {
    @Test func helpFitsEightyColumns() {
        for command in Command.allCases {
            let text = Settings.helpText(for: command)
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                #expect(line.count < 80, "\(line)")
                #expect(line.last != " ", "\(line)")
            }
            #expect(text.hasSuffix(".\n"))
        }
    }

    @Test func helpNamesEverythingOfEverySetting() {
        let text = Settings.helpText(for: .serve)
        let words = Set(text.split { " \n,;.".contains($0) }.map(String.init))
        for setting in SettingTable.all {
            let left = setting.spelling.hasPrefix("-") ? "\(setting.spelling) \(setting.placeholder)" : "FILE"
            #expect(text.contains("\n  \(left) "), "\(setting.spelling)")
            for variable in setting.environment { #expect(words.contains(variable), "\(variable)") }
        }
        for group in Setting.Group.allCases { #expect(text.contains("\n\(group.rawValue)\n")) }
    }

    @Test(arguments: [Command.hello, .chat, .gotIt])
    func helpOfAnApplicationNamesWhatItTakesAndNothingElse(command: Command) {
        let text = Settings.helpText(for: command)
        for setting in SettingTable.all {
            let isTaken = setting.group.commands.contains(command)
            #expect(text.contains("\n  \(setting.spelling) ") == isTaken, "\(setting.spelling)")
        }
        #expect(text.contains("\nUsage: dante \(command.rawValue) [options]\n"))
    }

    @Test func helpNamesTheOtherCommands() {
        for command in Command.allCases {
            #expect(Settings.helpText(for: .serve).contains(command.rawValue), "\(command)")
        }
    }

    @Test func namesAreUsedOnce() {
        let names = SettingTable.all.map(\.name)
        let variables = SettingTable.all.flatMap(\.environment)
        #expect(Set(names).count == names.count)
        #expect(Set(variables).count == variables.count)
        #expect(SettingTable.all.count { !$0.spelling.hasPrefix("-") } == 1)
    }

    @Test func sentencesEndAsTheyShould() {
        for setting in SettingTable.all {
            #expect(setting.help.hasSuffix("."), "\(setting.name)")
            #expect(!setting.takes.hasSuffix("."), "\(setting.name)")
            #expect(!(setting.help + setting.takes).contains("|"), "\(setting.name)")
        }
    }

    /// The README's table is this program's, so what it says is what is accepted. With DANTE_WRITE_TABLES set in the
    /// environment this test writes it there.
    @Test func readmeHoldsTheTable() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appending(path: "README.md")
        let mark = "<!-- settings -->\n"
        var parts = try String(contentsOf: file, encoding: .utf8).components(separatedBy: mark)
        try #require(parts.count == 3, "README.md needs its table between two lines <!-- settings -->")
        if ProcessInfo.processInfo.environment["DANTE_WRITE_TABLES"] != nil {
            parts[1] = Settings.markdownTable
            try Data(parts.joined(separator: mark).utf8).write(to: file)
        }
        #expect(parts[1] == Settings.markdownTable)
    }

    /// The README's example is a program of this package, so that it is compiled, and real clients speak to it.
    @Test func readmeHoldsTheLibraryExample() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let example = try String(
            contentsOf: root.appending(path: "LibraryExample/main.swift"), encoding: .utf8)
        let readme = try String(
            contentsOf: root.deletingLastPathComponent().appending(path: "README.md"), encoding: .utf8)
        // Only the port is another: a test takes a free one.
        let wanted = example.replacingOccurrences(of: "port: 0", with: "port: 8888")
        #expect(readme.contains("```swift\n\(wanted)```\n"))
        #expect(example.split(separator: "\n").count <= 10)
    }

    @Test(arguments: [
        ("--interval", "--interval", 0), ("--intervall", "--interval", 1), ("--prot", "--port", 1),
        ("--pase", "--pace", 1), ("", "--port", 6), ("--port", "", 6), ("abc", "cab", 2),
    ])
    func slipsAreCounted(typed: String, meant: String, count: Int) {
        #expect(slips(from: typed, to: meant) == count)
    }

    @Test func aWordThatBeginsAlikeIsNear() {
        #expect(nearest(to: "--inter", among: ["--host", "--interval"]) == "--interval")
        #expect(nearest(to: "--i", among: ["--host", "--interval"]) == nil)
    }

    @Test func linesAreBrokenAtBlanks() {
        #expect(wrapped("one two three", width: 7) == ["one two", "three"])
        #expect(wrapped("incomparable one", width: 5) == ["incomparable", "one"])
        #expect(wrapped("", width: 5) == [])
    }
}
