using System.Text;

namespace LogBroker.Bench.Systems.Kafka;

/// <summary>
/// Values for <c>kafka-producer-perf-test</c>: half random, half constant. With <c>--record-size</c> the tool would make each byte of
/// each record by a random number while it sends, which halves what it reaches; from a file it picks a ready one.
/// </summary>
internal static class PayloadFile
{
    public const int Values = 1_000;

    // The tool reads the file as UTF-8 text, a value a line: 64 characters of one byte each.
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    public static string Text(int valueBytes)
    {
        var random = new Random(1);
        var text = new StringBuilder(Values * (valueBytes + 1));
        for (int i = 0; i < Values; i++)
        {
            for (int b = 0; b < valueBytes; b++)
            {
                text.Append(b < valueBytes / 2 ? Alphabet[random.Next(Alphabet.Length)] : 'x');
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
