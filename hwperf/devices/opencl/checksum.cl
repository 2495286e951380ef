// The two sums of hwperf.devices.checksum, modulo 2**32: of the words, and of the words times their
// places, from 1 on. Each group leaves two partial sums, which the host adds up.
//
// Given by the build: V words make a vector TV; ITEMS, the items of a group. How the items share
// the vectors stands in stream.cl.

kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
void checksum(global uint *parts, global const uchar *base, ulong at, ulong nbytes,
              ulong own, ulong step, ulong span)
{
    union { TV vector; uint each[V]; } plain, weighted, place;
    local uint plain_sums[ITEMS], weighted_sums[ITEMS];
    const global uint *words = (const global uint *)(base + at);
    const ulong n = nbytes / 4, vectors = n / V;
    const ulong first = get_global_id(0) * own, end = min(first + span, vectors);
    const uint item = get_local_id(0);

    plain.vector = weighted.vector = (TV)(0);
    for (uint v = 0; v < V; v++)
        place.each[v] = (uint)(first * V) + v + 1;
    for (ulong i = first; i < end; i += step) {
        const TV here = ((const global TV *)words)[i];
        plain.vector += here;
        weighted.vector += here * place.vector;
        place.vector += (uint)(step * V);
    }
    uint plain_sum = 0, weighted_sum = 0;
    for (uint v = 0; v < V; v++) {
        plain_sum += plain.each[v];
        weighted_sum += weighted.each[v];
    }
    if (get_global_id(0) == 0) {
        for (ulong i = vectors * V; i < n; i++) {
            plain_sum += words[i];
            weighted_sum += words[i] * (uint)(i + 1);
        }
        uint last = 0;  // The bytes that are no whole word.
        for (uint k = 0; k < nbytes % 4; k++)
            last |= (uint)base[at + n * 4 + k] << 8 * k;
        plain_sum += last;
        weighted_sum += last * (uint)(n + 1);
    }

    plain_sums[item] = plain_sum;
    weighted_sums[item] = weighted_sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint apart = ITEMS / 2; apart > 0; apart /= 2) {
        if (item < apart) {
            plain_sums[item] += plain_sums[item + apart];
            weighted_sums[item] += weighted_sums[item + apart];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (item == 0) {
        parts[2 * get_group_id(0)] = plain_sums[0];
        parts[2 * get_group_id(0) + 1] = weighted_sums[0];
    }
}
