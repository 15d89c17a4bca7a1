/**
 * The rules of the practice: who may book what, when, and what it costs.
 */
@NullMarked
package com.example.clinic.service;

import org.jspecify.annotations.NullMarked;
