using System.Text;

namespace LogBroker.Rpc.Tests;

/// <summary>Turns a header block (RFC 7541) into lines "name: value"; what stands in tables is shown by number.</summary>
internal static class HpackText
{
    public static string Decode(ReadOnlySpan<byte> block)
    {
        var lines = new StringBuilder();
        while (!block.IsEmpty)
        {
            var first = block[0];
            if ((first & 0x80) != 0)
            {
                lines.Append($"#{Integer(ref block, 7)}\n");
            }
            else if ((first & 0xe0) == 0x20)
            {
                Integer(ref block, 5);
            }
            else
            {
                var name = Integer(ref block, (first & 0x40) != 0 ? 6 : 4);
                lines.Append(name == 0 ? Text(ref block) : $"#{name}").Append(": ").Append(Text(ref block)).Append('\n');
            }
        }
        return lines.ToString();
    }

    private static int Integer(ref ReadOnlySpan<byte> block, int bits)
    {
        var max = (1 << bits) - 1;
        var value = block[0] & max;
        block = block[1..];
        if (value < max)
            return value;
        for (var shift = 0; ; shift += 7)
        {
            var next = block[0];
            block = block[1..];
            value += (next & 0x7f) << shift;
            if ((next & 0x80) == 0)
                return value;
        }
    }

    private static string Text(ref ReadOnlySpan<byte> block)
    {
        var huffman = (block[0] & 0x80) != 0;
        var length = Integer(ref block, 7);
        var text = huffman ? "(Huffman)" : Encoding.Latin1.GetString(block[..length]);
        block = block[length..];
        return text;
    }
}
