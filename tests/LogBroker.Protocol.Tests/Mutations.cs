namespace LogBroker.Protocol.Tests;

/// <summary>Damages bytes in the ways in which inputs are wrong: flips, changed bytes, cuts, repeats, and nonsense.</summary>
internal static class Mutations
{
    public static byte[] Of(byte[] seed, Random random)
    {
        if (seed.Length == 0 || random.Next(20) == 0)
        {
            var nonsense = new byte[random.Next(200)];
            random.NextBytes(nonsense);
            return nonsense;
        }

        byte[] bytes = [.. seed];
        for (int i = random.Next(1, 5); i > 0; i--)
        {
            int at = random.Next(bytes.Length);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes[at] = random.Next(2) == 0 ? (byte)0 : (byte)0xFF;
                    break;
                case 3 when bytes.Length > 1:
                    bytes = bytes[..Math.Max(1, at)];
                    break;
                case 4:
                    bytes = [.. bytes[..at], .. bytes[(at / 2)..]];
                    break;
                default:
                    bytes = [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]];
                    break;
            }
        }

        return bytes;
    }
}
