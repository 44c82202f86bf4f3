// Package attention computes soft-max attention and its gradient in memory that grows with the number of tokens, not with its
// square. It knows neither masks nor biases nor dropout: who needs them stores the scores.
//
// # Forward
//
// A task is a block of queries of one head. Its queries lie in the lanes of panels; a panel meets the keys and values part by
// part. The scores of a part, keys x lanes, are one product. They are then in the layout of the right operand of the second
// product, values^T (width x keys) times weights, so nothing is transposed in between, and the soft-max, which runs down the
// keys, needs no operation across lanes.
//
// The soft-max is online: of each query it keeps the greatest score m so far and sums relative to it, l = sum of 2^(s-m) and
// sum of 2^(s-m)*v. If a part raises m, both are first multiplied by 2^(old m - m); the output is their quotient at the end.
// Exponents are of two, with log2(e) in the scale of the scores. m + log l of each query is the state for the gradient.
//
// # Gradient
//
// With weights P = exp(S - state), which are computed again, and the gradient dO of the output O:
//
//	dV = P^T dO    dS = P * (dO V^T - delta)    dK = scale dS^T Q    dQ = scale dS K    delta = sum of the row of dO * O
//
// A task is a group of keys of one head, which lie in the lanes; it owns their dK and dV. It meets the queries block by block:
// the products that give S and dO V^T leave the layout that those for dV^T and dK^T read, and dS is stored a second time in
// rows, to be the left operand of the product for dQ. So all five products are done once. Where a head has several groups, each
// has a dQ of its own, and a second job adds them.
//
// # Order
//
// Parts, blocks and groups depend on the shape alone, and everything is added in their order: results have the same bits for
// any number of workers. Packed operands stay in a worker's memory from one task to the next of the same head.
//
// Sources: Dao, Fu, Ermon, Rudra, Ré, "FlashAttention", 2022, arXiv:2205.14135 (blocks, recomputed weights); Dao,
// "FlashAttention-2", 2023, arXiv:2307.08691 (division at the end, one number of state, delta); Milakov, Gimelshein, "Online
// normalizer calculation for softmax", 2018, arXiv:1805.02867.
package attention
