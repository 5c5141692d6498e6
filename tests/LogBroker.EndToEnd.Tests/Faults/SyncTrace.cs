using System.Globalization;
using System.Text.RegularExpressions;

namespace LogBroker.EndToEnd.Tests;

/// <summary>One call that ended with success: the file, and when it began and ended, in seconds since 1970.</summary>
internal sealed record TracedSync(string File, double Began, double Ended);

/// <summary>Reads what <c>strace -f -y -ttt -T -e trace=fdatasync,fsync</c> wrote.</summary>
internal static partial class SyncTrace
{
    /// <summary>The wrapper for <see cref="ServerProcess.StartAsync"/>.</summary>
    public static string[] Wrapper(string strace, string file) =>
        [strace, "-f", "-y", "-ttt", "-T", "-e", "trace=fdatasync,fsync", "-o", file];

    public static List<TracedSync> Read(string file)
    {
        var syncs = new List<TracedSync>();
        var begun = new Dictionary<string, (string File, double At)>();
        foreach (string line in File.ReadLines(file))
        {
            var match = Line().Match(line);
            if (!match.Success)
                continue;
            string thread = match.Groups["thread"].Value;
            double at = double.Parse(match.Groups["at"].Value, CultureInfo.InvariantCulture);
            bool isGood = match.Groups["result"].Value == "0";
            if (match.Groups["resumed"].Success)
            {
                if (begun.Remove(thread, out var call) && isGood)
                    syncs.Add(new TracedSync(call.File, call.At, at));
            }
            else if (match.Groups["unfinished"].Success)
            {
                begun[thread] = (match.Groups["file"].Value, at);
            }
            else if (isGood)
            {
                double seconds = double.Parse(match.Groups["seconds"].Value, CultureInfo.InvariantCulture);
                syncs.Add(new TracedSync(match.Groups["file"].Value, at, at + seconds));
            }
        }

        return syncs;
    }

    [GeneratedRegex(
        @"^(?<thread>\d+)\s+(?<at>\d+\.\d+) (<\.\.\. f(data)?sync (?<resumed>resumed)>|f(data)?sync\(\d+<(?<file>[^>]*)>)" +
        @"(?<unfinished>\s*<unfinished)?\)?.*?(= (?<result>-?\d+).*?(<(?<seconds>[\d.]+)>)?)?$")]
    private static partial Regex Line();
}
