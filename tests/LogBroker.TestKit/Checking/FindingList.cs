using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace LogBroker.TestKit;

/// <summary>Collects findings: counts all, keeps the first sentences of each kind.</summary>
internal sealed class FindingList
{
    private const int SamplesMax = 10;

    private readonly SortedDictionary<(Anomaly Kind, bool IsBad), (long Count, List<string> Samples)> _found = [];

    public IReadOnlyList<Finding> All =>
        [.. _found.Select(f => new Finding(f.Key.Kind, f.Key.IsBad, f.Value.Count, f.Value.Samples))];

    /// <summary>Adds a finding; its sentence is made only while samples are kept.</summary>
    public void Add(Anomaly kind, [InterpolatedStringHandlerArgument("", "kind")] ref Sentence sentence) =>
        Add(kind, true, sentence.ToString());

    /// <summary>Adds a finding that is reported only.</summary>
    public void Report(Anomaly kind, string sentence) => Add(kind, false, sentence);

    private bool Wants(Anomaly kind) => !_found.TryGetValue((kind, true), out var found) || found.Samples.Count < SamplesMax;

    private void Add(Anomaly kind, bool isBad, string sentence)
    {
        if (!_found.TryGetValue((kind, isBad), out var found))
            found = (0, []);
        if (found.Samples.Count < SamplesMax)
            found.Samples.Add(sentence);
        _found[(kind, isBad)] = (found.Count + 1, found.Samples);
    }

    /// <summary>A sentence that costs nothing when nobody keeps it: a broken run may have a finding for each record.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct Sentence
    {
        private readonly StringBuilder? _text;

        public Sentence(int literalLength, int formattedCount, FindingList list, Anomaly kind, out bool isWanted)
        {
            isWanted = list.Wants(kind);
            _text = isWanted ? new StringBuilder(literalLength + (8 * formattedCount)) : null;
        }

        public void AppendLiteral(string text) => _text?.Append(text);

        public void AppendFormatted<T>(T value) => _text?.Append(CultureInfo.InvariantCulture, $"{value}");

        public override string ToString() => _text?.ToString() ?? "";
    }
}
