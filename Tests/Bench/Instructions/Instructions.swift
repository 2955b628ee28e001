/// Does one of the works a number of times and nothing else, so that callgrind can count what each time costs:
/// `dante-instructions NUMBER TIMES`; without arguments it lists their names. `Tests/Bench/instructions` runs it.
@main
struct Instructions {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let number = Int(arguments[1]), let times = Int(arguments[2]),
            Work.all.indices.contains(number)
        else {
            for work in Work.all { print(work.name) }
            return
        }
        let step = Work.all[number].prepare()
        for turn in 0..<times { step(turn) }
    }
}
